INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, repeat('10', 64)::bit(128)),
  (2, repeat('0', 128)::bit(128)),
  (3, NULL);
