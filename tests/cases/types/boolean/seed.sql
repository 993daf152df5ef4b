INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, true),
  (2, false),
  (3, NULL);
