"""What the installer's computer does: write a card, add the answers, print the label."""
