INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, B'1'::bit(200)),
  (2, 0::bit(200)),
  (3, repeat('1', 200)::bit(200)),
  (4, NULL);
