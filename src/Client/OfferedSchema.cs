using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;

namespace SecureAggregation.Client;

/// <summary>The datasets that outposts offer.</summary>
public static class OfferedSchema
{
    /// <summary>The schema that most outposts offer under this name; those with another one will decline, and say so.</summary>
    /// <exception cref="QuestionException">Nobody offers the dataset, or what is offered cannot be read.</exception>
    public static DatasetSchema Of(ConsortiumView view, string dataset)
    {
        ArgumentNullException.ThrowIfNull(view);
        var offers = view.Outposts.SelectMany(outpost => outpost.Datasets).ToArray();
        var schema = offers.Where(offer => offer.Name == dataset).GroupBy(offer => offer.Schema).MaxBy(group => group.Count())?.Key;
        if (schema is null)
        {
            var names = offers.Select(offer => offer.Name).Distinct().Order(StringComparer.Ordinal).ToArray();
            var offered = names.Length == 0 ? "no outpost has offered any since the station started" : "offered are " + string.Join(", ", names);
            throw new QuestionException($"No outpost offers the dataset '{dataset}'; {offered}.");
        }

        try
        {
            return DatasetSchema.Decode(schema.Span);
        }
        catch (AnalysisException e)
        {
            throw new QuestionException($"The schema that outposts offer for '{dataset}' cannot be read: {e.Message}", e);
        }
    }
}
