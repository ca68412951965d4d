"""What mismodelling costs beside attacks, and how the two resemble each other."""
