"""Understanding and answering: one message, one turn, one transaction (`turn`)."""
