"""What commands and jobs show on a terminal: tables, progress, and the values of options."""
