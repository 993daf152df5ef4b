INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '<a b="1">é<!-- c --></a>'),
  (2, NULL);
