"""Everyday sentence pairs that questions carry, for where the reader's own text does not decide them."""

from __future__ import annotations

from bert_explain.learning.question import Pair

EVERYDAY = (
    Pair("The cat sat on the mat.", "It was fast asleep.", "cat"),
    Pair("She opened an account at the bank.", "The clerk gave her a receipt.", "bank"),
    Pair("The children played in the garden.", "Their mother watched them from the window.", "garden"),
    Pair("He bought a new car last week.", "It broke down on the first day.", "car"),
    Pair("The teacher wrote the answer on the board.", "The pupils wrote it in the book.", "board"),
    Pair("We took the train to the coast.", "The sea was calm and the sky was blue.", "train"),
    Pair("My brother plays the piano in the evening.", "The neighbours like the music.", "piano"),
    Pair("The rain fell all night.", "In the morning the streets were wet.", "streets"),
    Pair("The doctor looked at my knee.", "She told me to rest the leg.", "knee"),
    Pair("They planted a tree behind the house.", "After three years the tree gave apples.", "tree"),
    Pair("The cook put salt in the soup.", "The guests left half of the soup.", "soup"),
    Pair("A bird built a nest in the roof.", "The young birds left the nest in June.", "nest"),
)
