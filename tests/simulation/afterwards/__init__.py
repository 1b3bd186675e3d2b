"""What comes after people have booked."""
