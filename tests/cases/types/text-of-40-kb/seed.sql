INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, repeat('word ', 8000)),
  (2, repeat('x', 40000)),
  (3, repeat('€', 8192)),
  (4, NULL);
