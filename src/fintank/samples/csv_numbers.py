"""The numbers of a CSV file whose decimal mark is a comma."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from fintank.trading.decimals import EXACT, is_bounded, plain

_POINT_DECIMAL = re.compile(r"-?\d+\.\d+")
_COMMA_DECIMAL = re.compile(r"-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
_COMMAS_GROUP = re.compile(r"-?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")


def have_decimal_commas(values: Sequence[str]) -> bool:
    """Return whether the decimal mark is a comma, as in 94,5 or 1.234,50, where points group digits.

    A number that can't be read so, such as 94.5, 1,234.50 or 1,234,567, shows that it is not: in a
    file of both, a mark would be taken for the other one, and a number for a thousand times another.
    """
    if any(map(_COMMAS_GROUP.fullmatch, values)):
        return False
    if any(_POINT_DECIMAL.fullmatch(value) and not _COMMA_DECIMAL.fullmatch(value) for value in values):
        return False
    return any("," in value and _COMMA_DECIMAL.fullmatch(value) for value in values)


@lru_cache(65_536)  # the sizes of a file are few
def plain_number(text: str, has_decimal_comma: bool, decimals: int) -> str:
    """Return a number as a plain decimal, times 10^decimals; all other text is returned as it is."""
    if has_decimal_comma:
        if not _COMMA_DECIMAL.fullmatch(text):
            return text
        text = text.replace(".", "").replace(",", ".")
    if not decimals or not text:
        return text
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    return plain(EXACT.scaleb(number, Decimal(decimals))) if is_bounded(number) else text
