"""People: what they consented to, which language they speak, who staff know them as."""
