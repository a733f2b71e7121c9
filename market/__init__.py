"""The words everyone shares: instruments, prices, accounts, tickets, time."""
