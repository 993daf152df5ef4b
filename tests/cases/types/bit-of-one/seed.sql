INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, B'1'),
  (2, B'0'),
  (3, NULL);
