INSERT INTO edges VALUES (1, '"\ud800"'), (2, '{"a": "\u0000"}'), (3, '{"a": 1}');
