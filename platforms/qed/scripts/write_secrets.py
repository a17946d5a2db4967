"""Writes the files that QED reads passwords from; those for its log-in page hold bcrypt's hashes of them.

FROM is the directory with the values, and TO that of the files.
"""
import os

source, target = os.environ["FROM"], os.environ["TO"]
os.umask(0o077)
hashed = {"secret_key_login.txt", "secret_key_hms.txt", "secret_key_hms_private.txt"}


def value(name):
    with open(os.path.join(source, name)) as file:
        return file.read()


for name in sorted(os.listdir(source)):
    if name.startswith("."):
        continue
    text = value(name)
    if name in hashed:
        # Only where visitors have to log in: the image may lack it otherwise.
        import bcrypt

        text = bcrypt.hashpw(text.encode(), bcrypt.gensalt()).decode()
    with open(os.path.join(target, name), "w") as file:
        file.write(text)
