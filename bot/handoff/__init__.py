"""Passing a conversation to people, and back."""
