INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 12345),
  (2, -50),
  (3, NULL);
