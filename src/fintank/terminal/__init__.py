"""What commands and jobs show on a terminal, and how they read the values of options."""
