"""The numbers of a CSV file whose decimal mark is a comma."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from fintank.errors import FintankError
from fintank.trading.decimals import EXACT, is_bounded, plain

_POINT_DECIMAL = re.compile(r"-?\d+\.\d+(?:[eE][+-]?\d{1,3})?")
_COMMA_DECIMAL = re.compile(r"-?(?:\d+(?:,\d+)?(?:[eE][+-]?\d{1,3})?|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?)")
_POINT_MAY_GROUP = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
_COMMA_MAY_GROUP = re.compile(r"-?[1-9]\d{0,2},\d{3}")
_POINTS_GROUP = re.compile(r"-?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?")
_COMMAS_GROUP = re.compile(r"-?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")


def have_decimal_commas(name: str, values: Sequence[str]) -> bool:
    """Return whether the decimal mark is a comma, as in 94,5 or 1.234,50, where points group digits.

    A number that can't be read so, such as 94.5, 1,234.50 or 1,234,567, shows that it is not: in a
    file of both, a mark would be taken for the other one, and a number for a thousand times another.
    FintankError, which calls the file `name`, if 94.125 and 1,200 are all there is: each mark may be the
    decimal one.
    """
    if any(map(_COMMAS_GROUP.fullmatch, values)) or any(map(_has_decimal_point, values)):
        return False
    with_comma = [value for value in values if "," in value and _COMMA_DECIMAL.fullmatch(value)]
    point = next(filter(_POINT_MAY_GROUP.fullmatch, values), None)
    are_clear = any(map(_POINTS_GROUP.fullmatch, values)) or not all(
        map(_COMMA_MAY_GROUP.fullmatch, with_comma)
    )
    if with_comma and point and not are_clear:
        raise FintankError(
            f"{name}: numbers such as {point} and {with_comma[0]} have more than one meaning: save it "
            "without marks between thousands"
        )
    return bool(with_comma)


def _has_decimal_point(text: str) -> bool:
    return _POINT_DECIMAL.fullmatch(text) is not None and not _COMMA_DECIMAL.fullmatch(text)


@lru_cache(65_536)  # the sizes of a file are few
def plain_number(name: str, has_decimal_comma: bool, decimals: int, text: str) -> str:
    """Return a number as a plain decimal, times 10^decimals; all other text is returned as it is.

    FintankError, which calls the file `name`, for a decimal point in a file of decimal commas.
    """
    if has_decimal_comma:
        if _has_decimal_point(text):
            raise FintankError(
                f"{name}: {text} has a decimal point, and other numbers have decimal commas, so that 94.125 "
                "would have more than one meaning: save it with one decimal mark"
            )
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
