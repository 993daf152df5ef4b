CREATE TABLE games (id int PRIMARY KEY);
CREATE TABLE scores (id int PRIMARY KEY, game_id int REFERENCES games, points int, who text NOT NULL);
