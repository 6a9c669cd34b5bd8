"""Agreement among nodes: who they are, what they ask each other, what each has signed."""
