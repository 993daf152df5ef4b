INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, repeat('x', 40000)),
  (2, repeat('€', 8191)),
  (3, 'short'),
  (4, NULL);
