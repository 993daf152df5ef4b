package rowtide;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.text.ParseException;
import java.util.List;
import java.util.function.Function;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymFilter;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.apache.lucene.util.CharsRef;
import org.apache.lucene.util.CharsRefBuilder;
import org.elasticsearch.index.IndexService.IndexCreationContext;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.AnalysisMode;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.CustomAnalyzer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;

/** Synonyms inline or from a file in the format of Solr. The rules pass the filters that come before this one. */
@SuppressWarnings("deprecation") // SynonymFilter is also what a stock Elasticsearch uses for `synonym`.
final class Synonyms extends AbstractTokenFilterFactory {
    private final AnalysisCommon.Context context;
    private final boolean graph;
    private final boolean expand;
    private final boolean updateable;
    private final boolean lenient;

    Synonyms(AnalysisCommon.Context context, boolean graph) {
        super(context.name());
        this.context = context;
        this.graph = graph;
        this.expand = context.flag("expand", true);
        this.updateable = context.flag("updateable", false);
        this.lenient = context.flag("lenient", updateable);
    }

    @Override
    public AnalysisMode getAnalysisMode() {
        return updateable ? AnalysisMode.SEARCH_TIME : AnalysisMode.ALL;
    }

    @Override
    public TokenStream create(TokenStream in) {
        throw new IllegalStateException("Call getChainAwareTokenFilterFactory to specialize this factory for an analysis chain first");
    }

    @Override
    public TokenFilterFactory getChainAwareTokenFilterFactory(
        IndexCreationContext creation,
        TokenizerFactory tokenizer,
        List<CharFilterFactory> charFilters,
        List<TokenFilterFactory> previous,
        Function<String, TokenFilterFactory> all
    ) {
        SynonymMap map = map(new CustomAnalyzer(
            tokenizer,
            charFilters.toArray(CharFilterFactory[]::new),
            previous.stream().map(TokenFilterFactory::getSynonymFilter).toArray(TokenFilterFactory[]::new)));
        AnalysisMode mode = getAnalysisMode();
        return new AbstractTokenFilterFactory(name()) {
            @Override
            public TokenStream create(TokenStream in) {
                if (map.fst == null) {
                    return in;
                }
                return graph ? new SynonymGraphFilter(in, map, false) : new SynonymFilter(in, map, false);
            }

            @Override
            public TokenFilterFactory getSynonymFilter() {
                return IDENTITY_FILTER;
            }

            @Override
            public AnalysisMode getAnalysisMode() {
                return mode;
            }
        };
    }

    private SynonymMap map(Analyzer analyzer) {
        Parser parser = new Parser(expand, lenient, analyzer);
        try (Reader rules = rules()) {
            parser.parse(rules);
            return parser.build();
        } catch (IOException | ParseException | IllegalArgumentException error) {
            throw new IllegalArgumentException("failed to build synonyms for [" + name() + "]", error);
        }
    }

    private Reader rules() {
        List<String> inline = context.settings().getAsList("synonyms", null);
        if (inline != null) {
            return new StringReader(String.join(System.lineSeparator(), inline));
        }
        if (context.settings().get("synonyms_path") != null) {
            return Analysis.getReaderFromFile(context.environment(), context.settings().get("synonyms_path"), "synonyms_path");
        }
        throw new IllegalArgumentException("synonym requires either `synonyms` or `synonyms_path` to be configured");
    }

    /** When lenient, a rule that the filters before leave nothing of is passed over. */
    private static final class Parser extends SolrSynonymParser {
        private final boolean lenient;

        Parser(boolean expand, boolean lenient, Analyzer analyzer) {
            super(true, expand, analyzer);
            this.lenient = lenient;
        }

        @Override
        public void add(CharsRef input, CharsRef output, boolean includeOriginal) {
            if (lenient == false || (input.length > 0 && output.length > 0)) {
                super.add(input, output, includeOriginal);
            }
        }

        @Override
        public CharsRef analyze(String text, CharsRefBuilder reuse) throws IOException {
            try {
                return super.analyze(text, reuse);
            } catch (IllegalArgumentException error) {
                if (lenient) {
                    return new CharsRef("");
                }
                throw error;
            }
        }
    }
}
