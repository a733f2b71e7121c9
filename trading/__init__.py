"""What may be ordered: proposals, limits, the order desk."""
