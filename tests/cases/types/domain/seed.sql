INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 0),
  (2, 12.345),
  (3, NULL);
