package rowtide;

import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenizer;
import org.apache.lucene.analysis.ngram.NGramTokenizer;

/** The tokenizers of n-grams, with the classes of characters that they keep together. */
final class Ngrams {
    private Ngrams() {}

    /** Elasticsearch refuses wide n-grams unless the index allows them. */
    static void requireAllowed(AnalysisCommon.Context context, int difference) {
        int allowed = context.index() == null ? 1 : context.index().getMaxNgramDiff();
        if (difference > allowed) {
            throw new IllegalArgumentException(
                "The difference between max_gram and min_gram in NGram Tokenizer must be less than or equal to: ["
                    + allowed + "] but was [" + difference
                    + "]. This limit can be set by changing the [index.max_ngram_diff] index level setting.");
        }
    }

    static Supplier<Tokenizer> tokenizer(AnalysisCommon.Context context) {
        int min = context.number("min_gram", 1);
        int max = context.number("max_gram", 2);
        requireAllowed(context, max - min);
        IntPredicate kept = kept(context);
        return () -> new NGramTokenizer(min, max) {
            @Override
            protected boolean isTokenChar(int character) {
                return kept.test(character);
            }
        };
    }

    static Supplier<Tokenizer> edgeTokenizer(AnalysisCommon.Context context) {
        int min = context.number("min_gram", 1);
        int max = context.number("max_gram", 2);
        IntPredicate kept = kept(context);
        return () -> new EdgeNGramTokenizer(min, max) {
            @Override
            protected boolean isTokenChar(int character) {
                return kept.test(character);
            }
        };
    }

    private static IntPredicate kept(AnalysisCommon.Context context) {
        List<String> classes = context.settings().getAsList("token_chars");
        String custom = context.settings().get("custom_token_chars", "");
        return classes.stream().map(name -> named(name, custom)).reduce(IntPredicate::or).orElse(character -> true);
    }

    private static IntPredicate named(String name, String custom) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "letter" -> Character::isLetter;
            case "digit" -> Character::isDigit;
            case "whitespace" -> Character::isWhitespace;
            case "punctuation" -> character -> isPunctuation(Character.getType(character));
            case "symbol" -> character -> isSymbol(Character.getType(character));
            case "custom" -> character -> custom.indexOf(character) >= 0;
            default -> throw new IllegalArgumentException("Unknown token type: '" + name + "'");
        };
    }

    private static boolean isPunctuation(int type) {
        return List.of(Character.START_PUNCTUATION, Character.END_PUNCTUATION, Character.OTHER_PUNCTUATION,
            Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION,
            Character.FINAL_QUOTE_PUNCTUATION).contains((byte) type);
    }

    private static boolean isSymbol(int type) {
        return List.of(Character.CURRENCY_SYMBOL, Character.MATH_SYMBOL, Character.OTHER_SYMBOL, Character.MODIFIER_SYMBOL)
            .contains((byte) type);
    }
}
