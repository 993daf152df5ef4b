INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, ROW(1, 0.1)),
  (2, NULL);
