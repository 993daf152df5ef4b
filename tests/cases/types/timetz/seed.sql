INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '04:05:11.789+02'),
  (2, '04:05:06-08:30'),
  (3, '23:00-02'),
  (4, NULL);
