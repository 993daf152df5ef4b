INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '08:00:2b:01:02:03:04:05'),
  (2, NULL);
