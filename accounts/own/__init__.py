"""What users do with their own account: its name and address, its data, and its end."""
