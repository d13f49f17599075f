"""What is due, and getting it out."""
