package rowtide;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.charfilter.HTMLStripCharFilter;
import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.apache.lucene.analysis.core.*;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.miscellaneous.*;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.ngram.NGramTokenFilter;
import org.apache.lucene.analysis.path.PathHierarchyTokenizer;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.pattern.PatternReplaceCharFilter;
import org.apache.lucene.analysis.pattern.PatternReplaceFilter;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.reverse.ReverseStringFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.tr.ApostropheFilter;
import org.apache.lucene.analysis.util.ElisionFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.IndexSettings;
import org.elasticsearch.index.analysis.*;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/** Registers Lucene's analysis components under the names and settings that a stock Elasticsearch gives them. */
public class AnalysisCommon extends Plugin implements AnalysisPlugin {
    /** What a component is made from. The index settings are null when `_analyze` is asked without an index. */
    record Context(IndexSettings index, Environment environment, String name, Settings settings) {
        int number(String key, int otherwise) {
            return settings.getAsInt(key, otherwise);
        }

        boolean flag(String key, boolean otherwise) {
            return settings.getAsBoolean(key, otherwise);
        }

        String required(String key) {
            String value = settings.get(key);
            if (value == null) {
                throw new IllegalArgumentException("[" + name + "] requires `" + key + "` to be configured");
            }
            return value;
        }

        CharArraySet words(String key) {
            return Analysis.parseWords(environment, settings, key, CharArraySet.EMPTY_SET, Map.of(), flag("ignore_case", false));
        }
    }

    interface Maker<T> {
        T make(Context context) throws IOException;
    }

    record Provider<T>(Maker<T> maker, boolean requiresAnalysisSettings) implements AnalysisProvider<T> {
        @Override
        public T get(IndexSettings index, Environment environment, String name, Settings settings) throws IOException {
            return maker.make(new Context(index, environment, name, settings));
        }

        @Override
        public T get(Environment environment, String name) throws IOException {
            return get(null, environment, name, Settings.EMPTY);
        }
    }

    record Filter(String name, UnaryOperator<TokenStream> chain, TokenFilterFactory getSynonymFilter)
        implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream in) {
            return chain.apply(in);
        }
    }

    /** A filter that a normalizer may use, because it maps one token to one token. */
    record Normalizing(String name, UnaryOperator<TokenStream> chain, UnaryOperator<TokenStream> normal)
        implements NormalizingTokenFilterFactory {
        @Override
        public TokenStream create(TokenStream in) {
            return chain.apply(in);
        }

        @Override
        public TokenStream normalize(TokenStream in) {
            return normal.apply(in);
        }

        @Override
        public TokenFilterFactory getSynonymFilter() {
            return new Filter(name, normal, TokenFilterFactory.IDENTITY_FILTER);
        }
    }

    interface FilterMaker extends Maker<UnaryOperator<TokenStream>> {}

    private static Provider<TokenFilterFactory> filter(boolean configured, FilterMaker maker) {
        return new Provider<>(context -> {
            UnaryOperator<TokenStream> chain = maker.make(context);
            return new Filter(context.name, chain, new Filter(context.name, chain, null));
        }, configured);
    }

    private static Provider<TokenFilterFactory> plain(UnaryOperator<TokenStream> chain) {
        return filter(false, context -> chain);
    }

    private static Provider<TokenFilterFactory> normalizing(boolean configured, FilterMaker maker) {
        return new Provider<>(context -> {
            UnaryOperator<TokenStream> chain = maker.make(context);
            return new Normalizing(context.name, chain, chain);
        }, configured);
    }

    /** One token becomes several: rules of synonyms cannot be read through such a filter. */
    private static Provider<TokenFilterFactory> multiplying(FilterMaker maker) {
        return new Provider<>(context -> {
            UnaryOperator<TokenStream> chain = maker.make(context);
            return new TokenFilterFactory() {
                @Override
                public String name() {
                    return context.name;
                }

                @Override
                public TokenStream create(TokenStream in) {
                    return chain.apply(in);
                }

                @Override
                public TokenFilterFactory getSynonymFilter() {
                    throw new IllegalArgumentException("Token filter [" + context.name + "] cannot be used to parse synonyms");
                }
            };
        }, false);
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        Map<String, AnalysisProvider<TokenFilterFactory>> filters = new HashMap<>();
        filters.put("apostrophe", plain(ApostropheFilter::new));
        filters.put("asciifolding", new Provider<>(context -> {
            boolean preserve = context.flag("preserve_original", false);
            return new Normalizing(context.name, in -> new ASCIIFoldingFilter(in, preserve), ASCIIFoldingFilter::new);
        }, false));
        filters.put("decimal_digit", normalizing(false, context -> DecimalDigitFilter::new));
        filters.put("edge_ngram", multiplying(context -> edgeNgrams(context)));
        filters.put("elision", normalizing(true, context -> {
            CharArraySet articles = Analysis.parseArticles(context.environment, context.settings);
            return in -> new ElisionFilter(in, articles);
        }));
        filters.put("flatten_graph", plain(FlattenGraphFilter::new));
        filters.put("german_normalization", normalizing(false, context -> GermanNormalizationFilter::new));
        filters.put("keyword_marker", filter(true, AnalysisCommon::keywordMarker));
        filters.put("keyword_repeat", plain(KeywordRepeatFilter::new));
        filters.put("kstem", plain(KStemFilter::new));
        filters.put("length", filter(false, context -> {
            int min = context.number("min", 0);
            int max = context.number("max", Integer.MAX_VALUE);
            return in -> new LengthFilter(in, min, max);
        }));
        filters.put("limit", filter(false, context -> {
            int most = context.number("max_token_count", 1);
            boolean all = context.flag("consume_all_tokens", false);
            return in -> new LimitTokenCountFilter(in, most, all);
        }));
        filters.put("lowercase", normalizing(false, context -> LowerCaseFilter::new));
        filters.put("ngram", multiplying(AnalysisCommon::ngrams));
        filters.put("pattern_capture", filter(true, context -> {
            List<String> given = context.settings.getAsList("patterns", null);
            if (given == null) {
                throw new IllegalArgumentException("required setting 'patterns' is missing for token filter [" + context.name + "]");
            }
            Pattern[] patterns = given.stream().map(Pattern::compile).toArray(Pattern[]::new);
            boolean preserve = context.flag("preserve_original", true);
            return in -> new PatternCaptureGroupTokenFilter(in, preserve, patterns);
        }));
        filters.put("pattern_replace", normalizing(true, context -> {
            Pattern pattern = Pattern.compile(context.required("pattern"), flags(context));
            String replacement = context.settings.get("replacement", "");
            boolean all = context.flag("all", true);
            return in -> new PatternReplaceFilter(in, pattern, replacement, all);
        }));
        filters.put("porter_stem", plain(PorterStemFilter::new));
        filters.put("remove_duplicates", plain(RemoveDuplicatesTokenFilter::new));
        filters.put("reverse", plain(ReverseStringFilter::new));
        filters.put("scandinavian_folding", normalizing(false, context -> ScandinavianFoldingFilter::new));
        filters.put("snowball", filter(false, context -> {
            String language = context.settings.get("language", context.settings.get("name", "English"));
            return in -> new SnowballFilter(in, language);
        }));
        filters.put("stemmer", filter(false, context -> {
            String language = context.settings.get("language", context.settings.get("name", "porter"));
            return Stemmers.named(language);
        }));
        filters.put("synonym", new Provider<>(context -> new Synonyms(context, false), true));
        filters.put("synonym_graph", new Provider<>(context -> new Synonyms(context, true), true));
        filters.put("trim", normalizing(false, context -> TrimFilter::new));
        filters.put("truncate", filter(false, context -> {
            int length = context.number("length", 10);
            return in -> new TruncateTokenFilter(in, length);
        }));
        filters.put("unique", filter(false, context -> {
            boolean samePosition = context.flag("only_on_same_position", false);
            return in -> new UniqueFilter(in, samePosition);
        }));
        filters.put("uppercase", normalizing(false, context -> UpperCaseFilter::new));
        filters.put("word_delimiter_graph", multiplying(AnalysisCommon::wordDelimiter));
        return filters;
    }

    private static int flags(Context context) {
        return org.elasticsearch.common.regex.Regex.flagsFromString(context.settings.get("flags", ""));
    }

    private static UnaryOperator<TokenStream> edgeNgrams(Context context) {
        int min = context.number("min_gram", 1);
        int max = context.number("max_gram", 2);
        boolean preserve = context.flag("preserve_original", false);
        boolean back = "back".equals(context.settings.get("side", "front"));
        UnaryOperator<TokenStream> front = in -> new EdgeNGramTokenFilter(in, min, max, preserve);
        return back ? in -> new ReverseStringFilter(front.apply(new ReverseStringFilter(in))) : front;
    }

    private static UnaryOperator<TokenStream> ngrams(Context context) {
        int min = context.number("min_gram", 1);
        int max = context.number("max_gram", 2);
        boolean preserve = context.flag("preserve_original", false);
        Ngrams.requireAllowed(context, max - min);
        return in -> new NGramTokenFilter(in, min, max, preserve);
    }

    private static UnaryOperator<TokenStream> keywordMarker(Context context) {
        String pattern = context.settings.get("keywords_pattern");
        if (pattern != null) {
            Pattern compiled = Pattern.compile(pattern);
            return in -> new PatternKeywordMarkerFilter(in, compiled);
        }
        CharArraySet keywords = context.words("keywords");
        return in -> new SetKeywordMarkerFilter(in, keywords);
    }

    private static UnaryOperator<TokenStream> wordDelimiter(Context context) {
        Map<String, Integer> on = Map.of(
            "generate_word_parts", WordDelimiterGraphFilter.GENERATE_WORD_PARTS,
            "generate_number_parts", WordDelimiterGraphFilter.GENERATE_NUMBER_PARTS,
            "split_on_case_change", WordDelimiterGraphFilter.SPLIT_ON_CASE_CHANGE,
            "split_on_numerics", WordDelimiterGraphFilter.SPLIT_ON_NUMERICS,
            "stem_english_possessive", WordDelimiterGraphFilter.STEM_ENGLISH_POSSESSIVE);
        Map<String, Integer> off = Map.of(
            "catenate_words", WordDelimiterGraphFilter.CATENATE_WORDS,
            "catenate_numbers", WordDelimiterGraphFilter.CATENATE_NUMBERS,
            "catenate_all", WordDelimiterGraphFilter.CATENATE_ALL,
            "preserve_original", WordDelimiterGraphFilter.PRESERVE_ORIGINAL,
            "ignore_keywords", WordDelimiterGraphFilter.IGNORE_KEYWORDS);
        int flags = on.entrySet().stream().mapToInt(each -> context.flag(each.getKey(), true) ? each.getValue() : 0).sum()
            + off.entrySet().stream().mapToInt(each -> context.flag(each.getKey(), false) ? each.getValue() : 0).sum();
        CharArraySet kept = context.settings.hasValue("protected_words") ? context.words("protected_words") : null;
        boolean adjust = context.flag("adjust_offsets", true);
        byte[] table = WordDelimiterIterator.DEFAULT_WORD_DELIM_TABLE;
        return in -> new WordDelimiterGraphFilter(in, adjust, table, flags, kept);
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        Map<String, AnalysisProvider<TokenizerFactory>> tokenizers = new HashMap<>();
        tokenizers.put("keyword", tokenizer(context -> {
            int buffer = context.number("buffer_size", 256);
            return () -> new KeywordTokenizer(buffer);
        }));
        tokenizers.put("whitespace", tokenizer(context -> {
            int longest = context.number("max_token_length", 255);
            return () -> new WhitespaceTokenizer(Tokenizer.DEFAULT_TOKEN_ATTRIBUTE_FACTORY, longest);
        }));
        tokenizers.put("letter", tokenizer(context -> LetterTokenizer::new));
        tokenizers.put("uax_url_email", tokenizer(context -> {
            int longest = context.number("max_token_length", 255);
            return () -> {
                UAX29URLEmailTokenizer made = new UAX29URLEmailTokenizer();
                made.setMaxTokenLength(longest);
                return made;
            };
        }));
        tokenizers.put("ngram", tokenizer(Ngrams::tokenizer));
        tokenizers.put("edge_ngram", tokenizer(Ngrams::edgeTokenizer));
        tokenizers.put("pattern", tokenizer(context -> {
            Pattern pattern = Pattern.compile(context.settings.get("pattern", "\\W+"), flags(context));
            int group = context.number("group", -1);
            return () -> new PatternTokenizer(pattern, group);
        }));
        tokenizers.put("path_hierarchy", tokenizer(context -> {
            char delimiter = context.settings.get("delimiter", "/").charAt(0);
            char replacement = context.settings.get("replacement", String.valueOf(delimiter)).charAt(0);
            int skip = context.number("skip", 0);
            return () -> new PathHierarchyTokenizer(delimiter, replacement, skip);
        }));
        return tokenizers;
    }

    interface TokenizerMaker extends Maker<java.util.function.Supplier<Tokenizer>> {}

    private static Provider<TokenizerFactory> tokenizer(TokenizerMaker maker) {
        return new Provider<>(context -> TokenizerFactory.newFactory(context.name, maker.make(context)), false);
    }

    @Override
    public Map<String, AnalysisProvider<CharFilterFactory>> getCharFilters() {
        return Map.of(
            "html_strip", new Provider<>(context -> {
                var kept = new HashSet<>(context.settings.getAsList("escaped_tags"));
                return new CharFilter(context.name, in -> new HTMLStripCharFilter(in, kept.isEmpty() ? null : kept));
            }, false),
            "mapping", new Provider<>(context -> {
                NormalizeCharMap map = mappings(Analysis.getWordList(context.environment, context.settings, "mappings"));
                return new NormalizingCharFilter(context.name, in -> new MappingCharFilter(map, in));
            }, true),
            "pattern_replace", new Provider<>(context -> {
                Pattern pattern = Pattern.compile(context.required("pattern"), flags(context));
                String replacement = context.settings.get("replacement", "");
                return new NormalizingCharFilter(context.name, in -> new PatternReplaceCharFilter(pattern, replacement, in));
            }, true));
    }

    record CharFilter(String name, UnaryOperator<java.io.Reader> chain) implements CharFilterFactory {
        @Override
        public java.io.Reader create(java.io.Reader in) {
            return chain.apply(in);
        }
    }

    record NormalizingCharFilter(String name, UnaryOperator<java.io.Reader> chain) implements NormalizingCharFilterFactory {
        @Override
        public java.io.Reader create(java.io.Reader in) {
            return chain.apply(in);
        }
    }

    private static NormalizeCharMap mappings(List<String> rules) {
        NormalizeCharMap.Builder map = new NormalizeCharMap.Builder();
        for (String rule : rules) {
            String[] sides = rule.split("=>", -1);
            if (sides.length != 2) {
                throw new IllegalArgumentException("Invalid Mapping Rule : [" + rule + "]");
            }
            map.add(sides[0].strip(), sides[1].strip());
        }
        return map.build();
    }

    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        return Map.of(
            "english", language(EnglishAnalyzer::new, EnglishAnalyzer.getDefaultStopSet()),
            "german", language(GermanAnalyzer::new, GermanAnalyzer.getDefaultStopSet()),
            "french", language(FrenchAnalyzer::new, FrenchAnalyzer.getDefaultStopSet()),
            "italian", language(ItalianAnalyzer::new, ItalianAnalyzer.getDefaultStopSet()),
            "portuguese", language(PortugueseAnalyzer::new, PortugueseAnalyzer.getDefaultStopSet()),
            "spanish", language(SpanishAnalyzer::new, SpanishAnalyzer.getDefaultStopSet()));
    }

    interface AnalyzerMaker {
        Analyzer make(CharArraySet stopWords, CharArraySet stemExclusion);
    }

    private static Provider<AnalyzerProvider<? extends Analyzer>> language(AnalyzerMaker maker, CharArraySet stopWords) {
        return new Provider<>(context -> {
            Analyzer analyzer = maker.make(
                Analysis.parseStopWords(context.environment, context.settings, stopWords),
                Analysis.parseStemExclusion(context.settings, CharArraySet.EMPTY_SET));
            return new AbstractIndexAnalyzerProvider<Analyzer>(context.name) {
                @Override
                public Analyzer get() {
                    return analyzer;
                }
            };
        }, false);
    }
}
