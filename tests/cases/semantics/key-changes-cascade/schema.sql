CREATE TABLE orders (code text PRIMARY KEY, note text, filler text);
CREATE TABLE lines (
  order_code text REFERENCES orders ON UPDATE CASCADE, line_no int, label text, PRIMARY KEY (order_code, line_no));
CREATE TABLE tags (name text PRIMARY KEY);
CREATE TABLE order_tags (
  order_code text REFERENCES orders ON UPDATE CASCADE, tag text REFERENCES tags ON UPDATE CASCADE,
  PRIMARY KEY (order_code, tag));
