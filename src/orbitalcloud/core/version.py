"""The version of the software, one place: a flight says which one flew it."""

VERSION = "0.1.0"
