INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, ROW(7, 12.50, '12 High St, "North" (rear) \\', true, '2017-09-15', '2019-07-09 02:28:57.1+02', 'sad')),
  (2, ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL)),
  (3, ROW(-1, 'NaN', '', false, '0044-03-15 BC', 'infinity', 'very sad')),
  (4, NULL);
