"""Receipt codes: short names of choices that people can read out, with a character that finds slips."""

PREFIX = "TEN"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
DIGITS = 10  # 50 bits
BYTES = 7  # at least so many random bytes make a code


def receipt_code(random_bytes: bytes) -> str:
    """A code such as `TEN-7F3K-92QD-4WX`: 50 random bits and a check character; nothing personal in it."""
    if len(random_bytes) < BYTES:
        raise ValueError(f"a receipt code needs {BYTES} random bytes")
    number = int.from_bytes(random_bytes[:BYTES]) >> (8 * BYTES - 5 * DIGITS)
    digits = [number >> 5 * place & 31 for place in reversed(range(DIGITS))]
    return _written("".join(ALPHABET[digit] for digit in (*digits, _check(digits))))


def read_receipt_code(text: str) -> str | None:
    """The code that somebody typed, as we write it; None when it is none or has a slip in it.

    Case, spaces, hyphens and the prefix do not matter; O is read as 0, I and L as 1.
    """
    bare = "".join(text.upper().split()).replace("-", "").removeprefix(PREFIX).translate(LOOKS_LIKE)
    if len(bare) != DIGITS + 1 or not set(bare) <= set(ALPHABET):
        return None
    *digits, check = (ALPHABET.index(letter) for letter in bare)
    return _written(bare) if check == _check(digits) else None


def _written(letters: str) -> str:
    return f"{PREFIX}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _check(digits: list[int]) -> int:
    """A polynomial over the field of 32 elements: one wrong or two swapped characters always change it."""
    total = 0
    for digit in digits:
        total = _times_x(total ^ digit)
    return total


def _times_x(element: int) -> int:
    doubled = element << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled  # modulo x^5 + x^2 + 1
