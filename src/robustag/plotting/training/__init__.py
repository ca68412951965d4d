"""How taggers learn, and what each recipe costs."""
