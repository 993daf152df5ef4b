"""SQL templates for dates, times and intervals: `{0}` is the value's expression.

The row store keeps Debezium's ISO text without the `Z` and without trailing zeros of the fraction. Within the years
1 to 9999 these texts sort by time, and PostgreSQL can print the same ones. Infinite values are stored as `infinity`
and `-infinity`. Years before 1 and after 9999 are printed as in ISO 8601 (-0043, +12345); text order does not hold
for these.
"""

_TRIMMED = "iif(instr({0}, '.') > 0, rtrim(rtrim(rtrim({0}, 'Z'), '0'), '.'), rtrim({0}, 'Z'))"

STORE_DATE = "CASE WHEN {0} IS NULL THEN NULL WHEN {0} GLOB '[0-9]*' THEN rtrim({0}, 'Z') ELSE rowtide_moment({0}) END"
STORE_TIMESTAMP = (
    f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {{0}} GLOB '[0-9]*' THEN {_TRIMMED} ELSE rowtide_moment({{0}}) END"
)
STORE_TIME = _TRIMMED
STORE_ZONED_TIME = f"iif({{0}} GLOB '24:00*', '00:00:00', {_TRIMMED})"
"""PostgreSQL makes 00:00 of 24:00 in another zone, Debezium does not in UTC."""

RENDER_INSTANT = "iif({0} IN ('infinity', '-infinity'), {0}, {0} || 'Z')"

_YEAR = (
    "CASE WHEN extract(year FROM {0}) > 9999 THEN '+' || extract(year FROM {0})"
    " WHEN extract(year FROM {0}) > 0 THEN to_char({0}, 'YYYY') WHEN extract(year FROM {0}) = -1 THEN '0000'"
    " ELSE '-' || lpad((-1 - extract(year FROM {0}))::text, 4, '0') END"
)
_FRACTION_TRIMMED = "rtrim(rtrim(to_char({0}, '-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.')"

_MONTH, _DAY = (f"'-' || lpad(extract({field} FROM {{0}})::text, 2, '0')" for field in ("month", "day"))

# to_char would make a timestamp of the date, and no timestamp reaches dates after the year 294276.
ORACLE_DATE = f"CASE WHEN isfinite({{0}}) THEN {_YEAR} || {_MONTH} || {_DAY} ELSE ({{0}})::text END"
ORACLE_TIMESTAMP = f"CASE WHEN isfinite({{0}}) THEN {_YEAR} || {_FRACTION_TRIMMED} ELSE ({{0}})::text END"
ORACLE_INSTANT = f"CASE WHEN isfinite({{0}}) THEN {_YEAR} || {_FRACTION_TRIMMED} || 'Z' ELSE ({{0}})::text END".replace(
    "{0}", "({0} AT TIME ZONE 'UTC')"
)
# Debezium sends 00:00 for 24:00 without a zone, so documents show that.
ORACLE_CLOCK = "CASE WHEN {0} = '24:00' THEN '00:00' ELSE {0} END"
ORACLE_TIME = f"({ORACLE_CLOCK})::text"
ORACLE_ZONED_TIME = ORACLE_TIME.replace("{0}", "(({0}) AT TIME ZONE 'UTC')::time") + " || 'Z'"
ORACLE_INTERVAL = (
    "'P' || extract(year FROM {0}) || 'Y' || extract(month FROM {0}) || 'M' || extract(day FROM {0}) || 'DT' ||"
    " extract(hour FROM {0}) || 'H' || extract(minute FROM {0}) || 'M' || trim_scale(extract(second FROM {0})) || 'S'"
)
