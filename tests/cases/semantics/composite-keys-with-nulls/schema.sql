CREATE TABLE places (country text, city text, name text, PRIMARY KEY (country, city));
CREATE TABLE shops (id int PRIMARY KEY, country text, city text, FOREIGN KEY (country, city) REFERENCES places ON UPDATE CASCADE ON DELETE SET NULL (city));
