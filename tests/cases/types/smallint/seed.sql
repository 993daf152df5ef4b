INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, -32768),
  (2, 32767),
  (3, 0),
  (4, NULL);
