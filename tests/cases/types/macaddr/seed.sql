INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '08-00-2B-01-02-03'),
  (2, NULL);
