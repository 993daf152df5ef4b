INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '2019-07-09 02:28:57.10+02'),
  (2, '2019-07-09 00:28:57Z'),
  (3, '2024-03-31 02:30 Europe/Berlin'),
  (4, '1883-11-18 12:00-04:56:02'),
  (5, NULL);
