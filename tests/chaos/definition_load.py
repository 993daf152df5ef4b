"""Random transactions over the tables whose definitions change, and permutations of deferrable keys in one statement.

Table names are qualified: search paths are among what changes."""

from tests.chaos.warehouse_load import Act, NoSuchRow

MOST_JARS = 400
MOST_PLACES = 60


def _amount(act: Act) -> str:
    """Fits every type that the column has in turn."""
    return f"{act.random.randrange(10_000)}{act.random.choice(('', '', '', '.5'))}"


def _extra(act: Act) -> str:
    return act.random.choice(('{"a": 1}', '{"a": {"b": [1, 2]}}', "[1, 2]", '"text"'))


def _jar(act: Act) -> int:
    jar = act.query_value(
        b"SELECT id FROM public.jars WHERE id >= %s ORDER BY id LIMIT 1 FOR UPDATE", act.random.randrange(1, 400)
    )
    if jar is None:
        raise NoSuchRow
    return int(jar)


def add_jars(act: Act) -> None:
    """Some new jars with values of every type; half of the old ones go when there are many."""
    if int(act.query_value(b"SELECT count(*) FROM public.jars") or 0) > MOST_JARS:
        act.do(b"DELETE FROM public.jars WHERE id %% 2 = %s", act.random.randrange(2))
    for _ in range(act.random.randrange(1, 6)):
        seconds = act.random.randrange(-(10**9), 10**9)
        act.do(
            b"""INSERT INTO public.jars (label, amount, extra, seen, made, span, ratio, cover)
                VALUES (%s, %s, %s, to_timestamp(%s), '2020-01-31'::date + %s::int,
                        make_interval(months => %s::int, days => 3, secs => 4.25), %s::float8 / 7, decode(%s, 'hex'))""",
            *(f"jar {act.random.randrange(1000)}", _amount(act), _extra(act), seconds),
            *(seconds % 9_999, seconds % 99, seconds, act.random.randbytes(12).hex()),
        )


def change_jar(act: Act) -> None:
    """Change a jar, or give it another key."""
    jar = _jar(act)
    match act.random.randrange(4):
        case 0:
            act.do(b"UPDATE public.jars SET id = (SELECT max(id) + 1 FROM public.jars) WHERE id = %s", jar)
        case 1:
            act.do(b"UPDATE public.jars SET amount = NULL, ratio = ratio * 3 WHERE id = %s", jar)
        case _:
            values = (_amount(act), _extra(act), jar)
            act.do(b"UPDATE public.jars SET amount = %s, extra = %s, label = label || '.' WHERE id = %s", *values)


def remove_jar(act: Act) -> None:
    """Delete a jar."""
    act.do(b"DELETE FROM public.jars WHERE id = %s", _jar(act))


def permute_places(act: Act) -> None:
    """Two to five guests change places in one statement; at times some of them leave their places to none."""
    rows = act.connection.execute(b"SELECT place FROM public.places ORDER BY place FOR UPDATE").fetchall()
    places = [row[0] for row in rows]
    if len(places) < 5:
        raise NoSuchRow
    chosen = act.random.sample(places, act.random.randrange(2, 6))
    targets = act.random.sample(chosen, len(chosen))
    if act.random.random() < 0.3:
        targets[0] = max(places) + 1
    act.do(
        b"""UPDATE public.places p SET place = m.target
              FROM unnest(%s::int[], %s::int[]) m(place, target) WHERE p.place = m.place""",
        *(chosen, targets),
    )


def shift_places(act: Act) -> None:
    """Everybody moves by one: after a guest who came or left, in front or in the middle."""
    count = int(act.query_value(b"SELECT count(*) FROM (SELECT 1 FROM public.places FOR UPDATE) p") or 0)
    at = act.random.randrange(1, 20)
    if count < MOST_PLACES and act.random.random() < 0.5:
        act.do(b"UPDATE public.places SET place = place + 1 WHERE place >= %s", at)
        act.do(b"INSERT INTO public.places VALUES (%s, %s)", at, f"guest {act.random.randrange(1000)}")
    elif count > 10:
        act.do(b"DELETE FROM public.places WHERE place = %s", at)
        act.do(b"UPDATE public.places SET place = place - 1 WHERE place > %s", at)
