"""What a patient's words mean: pure understanding, in Chinese and English.

Text goes in, ranked guesses and named things come out. Nothing here acts, remembers or asks
the time; `bot.dialogue` decides what a guess is worth. The only files read are the catalog's.
"""
