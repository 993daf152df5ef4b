INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{[2019-07-09 02:28:57.1+02,2019-07-10 00:00Z)}'),
  (2, '{}'),
  (3, NULL);
