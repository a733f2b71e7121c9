"""The only speaker of Interactive Brokers' libraries."""
