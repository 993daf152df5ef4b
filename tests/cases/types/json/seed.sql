INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{"a": 1, "b": [1.50, null], "a": 12345678901234567890.10}'),
  (2, '{"n": 9007199254740993, "e": 1e400}'),
  (3, '{"": 1, "a.b": {"": 2}, "é": "\ud834\udd1e"}'),
  (4, '{}'),
  (5, NULL);
