"""Random transactions over the second schema. Each keeps what the tables hold twice in step, statement by statement."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

ODD = ("", "", "", "|", "/", '"', "\\", " ", "é", "😀", "%", "\t")
"""Put into keys: what separators and encodings stumble over."""
MOST_BOXES = 700


@dataclass(frozen=True, slots=True)
class Act:
    """One transaction under way. `pause` lets time pass inside of it."""

    connection: psycopg.Connection[Any]
    random: Random
    pause: Callable[[float], None]
    done: list[str] = field(default_factory=list)
    """The names of the actions done."""

    def query_value(self, query: bytes, *values: object) -> Any:
        """The first column of the first row, None when there is none."""
        row = self.connection.execute(query, values).fetchone()
        return row[0] if row else None

    def do(self, query: bytes, *values: object) -> None:
        """Run one statement."""
        self.connection.execute(query, values)


class NoSuchRow(Exception):
    """There is no row to act on."""


def any_box(act: Act) -> str:
    """Lock a random box."""
    for _ in range(3):
        start = f"{act.random.randrange(16**4):04x}"
        box = act.query_value(b"SELECT code FROM boxes WHERE code >= %s ORDER BY code LIMIT 1 FOR UPDATE", start)
        if box is not None:
            return str(box)
    raise NoSuchRow


def lock_rooms(act: Act, *rooms: int | None) -> None:
    """Lock rooms in one order, so that their counts can be brought in step."""
    act.do(
        b"SELECT 1 FROM rooms WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [room for room in rooms if room is not None]
    )


def settle(act: Act, *boxes: str) -> None:
    """Bring the boxes' own figures in step with their items and notes."""
    act.do(
        b"""UPDATE boxes b SET
              weight = (SELECT coalesce(sum(weight), 0) FROM items i WHERE i.code = b.code),
              item_count = (SELECT count(*) FROM items i WHERE i.code = b.code),
              note_count = (SELECT count(*) FROM notes n WHERE n.code = b.code)
            WHERE code = ANY(%s)""",
        list(boxes),
    )


def settle_rooms(act: Act, *rooms: int | None) -> None:
    """Bring the rooms' counts in step."""
    act.do(
        b"UPDATE rooms r SET box_count = (SELECT count(*) FROM boxes b WHERE b.room_id = r.id) WHERE id = ANY(%s)",
        [room for room in rooms if room is not None],
    )


def _room(act: Act) -> int | None:
    room = act.query_value(b"SELECT id FROM rooms WHERE id >= %s ORDER BY id LIMIT 1", act.random.randrange(1, 40))
    return room if room is None else int(room)


def new_code(act: Act) -> str:
    """A key that no box has had."""
    return f"{act.random.randrange(16**12):012x}{act.random.choice(ODD)}x"


def _story(act: Act) -> str | None:
    """Some are long enough to be kept outside of the row."""
    length = act.random.choice((0, 0, 20, 3000, 9000))
    return act.random.randbytes(length // 2).hex() if length else None


def _insert_items(act: Act, code: str, count: int) -> None:
    rows = [(code, no, act.random.randrange(1, 1000)) for no in range(1, count + 1)]
    match act.random.randrange(3):
        case 0:
            with act.connection.cursor() as cursor:
                cursor.executemany(b"INSERT INTO items (code, no, weight) VALUES (%s, %s, %s)", rows)
        case 1:
            act.do(
                b"INSERT INTO items (code, no, weight) SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[])",
                *map(list, zip(*rows, strict=True)),
            )
        case _:
            _copy_items(act, rows)


def _copy_items(act: Act, rows: list[tuple[str, int, int]]) -> None:
    with act.connection.cursor() as cursor, cursor.copy(b"COPY items (code, no, weight) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def add_box(act: Act, items: int | None = None) -> None:
    """A new box with items and notes; an old one goes when there are many."""
    if int(act.query_value(b"SELECT count(*) FROM boxes") or 0) > MOST_BOXES:
        remove_box(act)
    room, code = _room(act), new_code(act)
    lock_rooms(act, room)
    act.do(
        b"INSERT INTO boxes (code, room_id, title, story) VALUES (%s, %s, %s, %s)", code, room, code[:4], _story(act)
    )
    _insert_items(act, code, items or act.random.randrange(1, 9))
    for _ in range(act.random.randrange(3)):
        act.do(b"INSERT INTO notes (code, body) VALUES (%s, %s)", code, new_code(act))
    settle(act, code)
    settle_rooms(act, room)


def add_many(act: Act) -> None:
    """Many boxes in one transaction, with COPY among the ways."""
    for _ in range(act.random.randrange(3, 12)):
        add_box(act, act.random.randrange(20, 60))


def change_items(act: Act) -> None:
    """Insert, change and delete items and notes of one box, in random order."""
    code = any_box(act)
    for _ in range(act.random.randrange(1, 6)):
        match act.random.randrange(4):
            case 0:
                act.do(
                    b"""INSERT INTO items (code, no, weight)
                        SELECT %s, coalesce(max(no), 0) + 1, %s FROM items WHERE code = %s""",
                    *(code, act.random.randrange(1, 1000), code),
                )
            case 1:
                act.do(
                    b"UPDATE items SET weight = %s, kind = 'heavy' WHERE code = %s AND no = %s",
                    *(act.random.randrange(1, 1000), code, act.random.randrange(1, 9)),
                )
            case 2:
                act.do(b"DELETE FROM items WHERE code = %s AND no = %s", code, act.random.randrange(1, 9))
            case _:
                act.do(b"INSERT INTO notes (code, body) VALUES (%s, %s)", code, new_code(act))
    settle(act, code)


def shift_weight(act: Act, wait: float = 0.0) -> None:
    """Move weight from one item to another of the same box: the sum stays, but not in between."""
    code = any_box(act)
    by = act.random.randrange(1, 500)
    items = act.connection.execute(b"SELECT no FROM items WHERE code = %s ORDER BY no", (code,)).fetchall()
    if len(items) < 2:
        raise NoSuchRow
    (first,), (second,) = act.random.sample(items, 2)
    act.do(b"UPDATE items SET weight = weight - %s WHERE code = %s AND no = %s", by, code, first)
    if wait:
        act.pause(wait)
    act.do(b"UPDATE items SET weight = weight + %s WHERE code = %s AND no = %s", by, code, second)


def move_items(act: Act) -> None:
    """Give items to another box; sometimes there and back in one transaction."""
    source, target = sorted((any_box(act), any_box(act)))
    if source == target:
        raise NoSuchRow
    moved = b"UPDATE items SET code = %s, no = no + %s WHERE code = %s AND no <= 3"
    act.do(moved, target, act.random.randrange(1000, 10**6), source)
    if act.random.random() < 0.3:
        act.do(b"UPDATE items SET code = %s, no = no + 7 WHERE code = %s AND no > 1000", source, target)
    settle(act, source, target)


def rename_box(act: Act) -> None:
    """Change a key; items, notes, stickers and boxes inside follow by ON UPDATE CASCADE. The long value stays as it is."""
    act.do(b"UPDATE boxes SET code = %s WHERE code = %s", new_code(act), any_box(act))


def remove_box(act: Act) -> None:
    """Delete a box with everything that hangs on it."""
    code = any_box(act)
    room = act.query_value(b"SELECT room_id FROM boxes WHERE code = %s", code)
    lock_rooms(act, room)
    act.do(b"DELETE FROM boxes WHERE code = %s", code)
    settle_rooms(act, room)


def replace_box(act: Act) -> None:
    """Delete a box and insert another one with its key, in one transaction."""
    code = any_box(act)
    room, other = act.query_value(b"SELECT room_id FROM boxes WHERE code = %s", code), _room(act)
    lock_rooms(act, room, other)
    act.do(b"DELETE FROM boxes WHERE code = %s", code)
    act.do(b"INSERT INTO boxes (code, room_id, title) VALUES (%s, %s, 'again')", code, other)
    _insert_items(act, code, act.random.randrange(1, 4))
    settle(act, code)
    settle_rooms(act, room, other)


def move_box(act: Act) -> None:
    """Put a box into another room or none, or into another box; the room's documents know how many they have."""
    code = any_box(act)
    if act.random.random() < 0.4:
        act.do(b"UPDATE boxes SET parent = %s WHERE code = %s", act.random.choice((None, any_box(act))), code)
        return
    room, other = (
        act.query_value(b"SELECT room_id FROM boxes WHERE code = %s", code),
        act.random.choice((None, _room(act))),
    )
    lock_rooms(act, room, other)
    act.do(b"UPDATE boxes SET room_id = %s, title = title || '.' WHERE code = %s", other, code)
    settle_rooms(act, room, other)


def change_text(act: Act) -> None:
    """Change a short column beside a long one that stays, or the long one."""
    code = any_box(act)
    if act.random.random() < 0.3:
        act.do(b"UPDATE boxes SET story = %s WHERE code = %s", _story(act), code)
    else:
        act.do(b"UPDATE boxes SET title = %s WHERE code = %s", new_code(act)[:6], code)


def change_room(act: Act) -> None:
    """Rename a room (every box in it shows the name), change its key, or remove it and make another."""
    room = _room(act)
    lock_rooms(act, room)
    match act.random.randrange(6):
        case 0:
            act.do(b"UPDATE rooms SET id = (SELECT max(id) + 1 FROM rooms) WHERE id = %s", room)
        case 1:
            act.do(b"DELETE FROM rooms WHERE id = %s", room)
            act.do(b"INSERT INTO rooms (id, name) SELECT coalesce(max(id), 0) + 1, 'new' FROM rooms")
        case _:
            act.do(b"UPDATE rooms SET name = %s WHERE id = %s", f"room {act.random.randrange(1000)}", room)


def stick(act: Act) -> None:
    """Change the junction: on, off, moved, and a sticker that is renamed or goes altogether."""
    code = any_box(act)
    sticker = f"sticker {act.random.randrange(1, 15)}"
    match act.random.randrange(6):
        case 0:
            act.do(b"DELETE FROM box_stickers WHERE code = %s", code)
        case 1:
            act.do(b"UPDATE box_stickers SET place = place + 1 WHERE code = %s", code)
        case 2:
            act.do(b"UPDATE stickers SET name = %s WHERE name = %s", f"sticker {act.random.randrange(1, 30)}", sticker)
        case 3:
            act.do(b"DELETE FROM stickers WHERE name = %s", sticker)
        case _:
            act.do(b"INSERT INTO stickers VALUES (%s) ON CONFLICT DO NOTHING", sticker)
            act.do(b"INSERT INTO box_stickers (code, sticker) VALUES (%s, %s) ON CONFLICT DO NOTHING", code, sticker)


def truncate(act: Act) -> None:
    """Empty a small table, sometimes with rows put in again before the end."""
    if act.random.random() < 0.4:
        act.do(b"TRUNCATE box_stickers")
        act.do(b"INSERT INTO box_stickers (code, sticker) SELECT code, name FROM boxes, stickers WHERE code < '04'")
        return
    act.do(b"TRUNCATE notes")
    act.do(b"UPDATE boxes SET note_count = 0 WHERE note_count <> 0")
    if act.random.random() < 0.5:
        code = any_box(act)
        act.do(b"INSERT INTO notes (code, body) VALUES (%s, 'after')", code)
        settle(act, code)


def change_many(act: Act) -> None:
    """One large transaction: the items of many boxes, at times of all, and then the boxes."""
    first = act.random.choice(("", "c", "c", "d", "d", "e", "e", "e", "f", "f"))
    act.do(b"SELECT 1 FROM boxes WHERE code >= %s ORDER BY code FOR UPDATE", first)
    act.do(b"UPDATE items SET weight = weight + 1 WHERE code >= %s", first)
    act.do(
        b"""UPDATE boxes b SET weight = (SELECT coalesce(sum(weight), 0) FROM items i WHERE i.code = b.code)
            WHERE code >= %s""",
        first,
    )
