export interface Tile {
  number: number
  title: string
  text: string
  at: number
  picture: string
  share: number | null
}
export interface Sheet {
  address: string
  side: number
  columns: number
}
export interface Tiles {
  tiles: Tile[]
  label: string
  sheet: Sheet | null
  least: number
  across: number
  chosen: number | null
  pick: boolean
  lost: string
}
export interface Layer {
  name: string
  title: string
  kind: string
  output: string
  parameters: string
}
export interface Layers {
  layers: Layer[]
  chosen: string
}
export interface Large {
  picture: string
  over: string
  alt: string
  caption: string
  hint: string
}
