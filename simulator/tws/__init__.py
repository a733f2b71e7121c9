"""A toy TWS that speaks the wire protocol."""
