import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  SchemableIdentifierNode,
  type SelectModifierNode,
  TableNode,
  type UnknownRow,
} from 'kysely';
import { COLUMNS } from '../schema/columns.js';

/** `runs` is one of the first version. */
const TABLES: ReadonlySet<string> = new Set([...Object.keys(COLUMNS), 'runs']);

/** Puts the store's schema or prefix before the names of its tables. */
export class TableNames extends OperationNodeTransformer implements KyselyPlugin {
  constructor(
    readonly schema: string | null,
    readonly prefix: string,
    readonly quote: '"' | '`',
  ) {
    super();
  }

  /** The full name, quoted. */
  quoted(table: string): string {
    const name = this.#quote(`${this.prefix}${table}`);
    return this.schema === null ? name : `${this.#quote(this.schema)}.${name}`;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.transformNode(node, queryId);
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    const { name } = node.identifier;
    if (node.schema !== undefined || !TABLES.has(name)) return node;
    return this.schema === null
      ? SchemableIdentifierNode.create(`${this.prefix}${name}`)
      : SchemableIdentifierNode.createWithSchema(this.schema, `${this.prefix}${name}`);
  }

  /** Leaves out the schema, which FOR UPDATE OF refuses. */
  protected override transformSelectModifier(node: SelectModifierNode): SelectModifierNode {
    const { of, ...rest } = node;
    const transformed = super.transformSelectModifier(rest);
    if (of === undefined) return transformed;
    const unqualified = of.map((item) =>
      TableNode.is(item) && TABLES.has(item.table.identifier.name)
        ? TableNode.create(`${this.prefix}${item.table.identifier.name}`)
        : item,
    );
    return { ...transformed, of: unqualified };
  }

  #quote(name: string): string {
    return `${this.quote}${name.replaceAll(this.quote, this.quote.repeat(2))}${this.quote}`;
  }
}
