INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '$.a[*] ? (@ > 1)'),
  (2, '$'),
  (3, NULL);
