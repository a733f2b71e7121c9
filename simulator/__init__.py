"""A toy TWS and a toy Telegram on real sockets."""
